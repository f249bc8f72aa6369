"""Common given names, surnames and titles: what the gazetteer knows of people when no name model is installed."""


def _words(text: str) -> list[str]:
    return text.split()


GIVEN = _words("""
Aaron Abigail Adam Adrian Ahmed Aisha Alan Albert Alejandro Alex Alexander Alexandra Alexis Ali Alice Alicia Alison
Allison Amanda Amber Amelia Amir Amy Ana Andrea Andreas Andrew Angela Anita Ann Anna Anne Annie Anthony Antonio Arthur
Ashley Barbara Beatrice Benjamin Bernard Beth Betty Beverly Brandon Brenda Brian Bruce Bryan Camila Carl Carla Carlos
Carmen Carol Caroline Carolyn Catherine Cecilia Charles Cheryl Chloe Chris Christina Christine Christopher Claire
Clara Claudia Colin Connor Craig Cynthia Daniel Daniela Danielle David Deborah Debra Denise Dennis Diana Diane Diego
Dmitri Donald Donna Dorothy Douglas Dylan Edith Edward Elena Eleanor Elizabeth Ella Ellen Emil Emily Emma Eric Erica
Erik Ethan Eugene Eva Evan Evelyn Fatima Felix Fernando Fiona Frances Francis Frank Franz Gabriel Gareth Gary Geoffrey
George Gerald Gloria Graham Greg Gregory Hannah Hans Harold Harry Hassan Heather Heidi Helen Henry Hiroshi Howard Hugh
Ian Ibrahim Ingrid Irene Isaac Isabel Isabella Ivan Jacob Jacqueline Jake James Jamie Jan Jane Janet Janice Jason
Javier Jean Jeffrey Jennifer Jeremy Jerry Jessica Joan Joanna Joe Joel Johan Johanna John Johnny Jonathan Jorge Jose
Joseph Joshua Joyce Juan Juanita Judith Judy Julia Julian Julie Justin Karen Karl Kate Katherine Kathleen Kathryn
Katie Keith Kelly Kenneth Kevin Kimberly Klaus Kristen Kyle Larry Lars Laura Lauren Laurence Lawrence Leah Leila Leo
Leon Leonard Lillian Linda Lisa Liam Logan Lois Louis Louise Lucas Lucia Lucy Luis Luke Lydia Malcolm Manuel Marco
Marcus Margaret Maria Marie Marilyn Mario Marion Marjorie Martha Martin Mary Mateo Matthew Maurice Megan Mei Melanie
Melissa Michael Michelle Miguel Mohamed Mohammed Monica Muhammad Nadia Nancy Natalie Natasha Nathan Nicholas Nicole
Nigel Nina Noah Nora Norma Olga Oliver Olivia Omar Oscar Owen Pablo Pamela Patricia Patrick Paul Paula Pauline Pedro
Peter Philip Phillip Phyllis Priya Rachel Rajesh Ralph Ramon Raymond Rebecca Richard Rita Robert Roberto Roger Ronald
Rosa Rosemary Roy Russell Ruth Ryan Samantha Samuel Sandra Sara Sarah Scott Sean Sergei Sharon Sheila Shirley Simon
Sofia Sophia Sophie Stella Stephanie Stephen Steven Stuart Susan Suzanne Sylvia Tamara Tanya Teresa Theodore Theresa
Thomas Timothy Tina Todd Tom Tony Tracy Trevor Tyler Valerie Vanessa Vera Veronica Vincent Vivian Walter Wanda Wayne
Wendy Wei William Xavier Yasmin Yolanda Yuki Yusuf Yvonne Zachary Zoe Abdul Abdullah Adele Agnes Agnieszka Aiden Akira
Alessandro Alfred Alfredo Alicja Alina Amina Anders Andre Andrzej Angel Angelica Angelo Anja Anne-Marie Anton Antonia
Archie Ariana Armando Arnold Asha Astrid Audrey Ayesha Bashir Ben Bernardo Bernice Bertha Bethany Billy Birgit Bjorn
Bobby Bogdan Bonnie Boris Brad Bradley Brent Brett Brigitte Bryce Caitlin Cameron Candace Carmela Carolina Casey
Cassandra Cesar Chantal Charlie Chiara Cindy Clarence Claude Clifford Colleen Constance Corey Courtney Damian Damien
Danny Darren Darryl Dave Denise Derek Desmond Dimitri Dolores Dominic Dominique Doris Dorothea Doug Duncan Dustin
Dwayne Dwight Eduardo Edgar Eduard Edwin Eileen Elias Elisa Elise Ellie Elsa Emanuel Emilia Emilio Emmanuel Enrique
Erin Ernest Esther Eugenia Fabian Farah Federico Felicia Felicity Fernanda Filip Francesca Francesco Francisco
Franklin Fred Frederick Freya Friedrich Fritz Gerard Gerhard Gertrude Gilbert Giovanni Giulia Giuseppe Gordon Greta
Guillaume Guillermo Gustavo Gwendolyn Hana Harriet Harvey Hector Helena Helga Henrik Herbert Herman Hilda Holly Horst
Ian Ibrahima Ignacio Igor Imani Imran Ines Inga Irina Isaiah Ishaan Jaime Jakob Jakub Jamal Janina Jared Jasper
Jeanette Jeff Jenna Jenny Jerome Jim Jimmy Jiri Joachim Joaquin Jodie Johann Jolanta Jon Jose Josef Josephine Josie
Juliet Jurgen Kamal Karim Karin Karla Katarzyna Kathy Katja Katrina Kayla Kelsey Ken Kendra Kenji Khadija Khalid Kirk
Kirsten Krista Kristina Krzysztof Kurt Lana Lance Latoya Leslie Lena Leonardo Leticia Levi Lewis Linh Lorenzo Loretta
Lorraine Lucille Ludwig Luigi Luisa Lukas Mackenzie Maddie Magda Magdalena Maja Malik Marcel Marcela Marcin Margarita
Margot Mariam Mariana Marianne Marina Marlene Marta Marvin Mathias Mathilde Matilda Matt Matteo Mattias Maureen Maxim
Maya Meera Mehmet Mia Micheal Mike Mikhail Mila Mildred Milan Mira Miranda Miriam Mitchell Molly Monique Morgan
Mustafa Myra Naomi Natalia Neha Neil Nelson Nicola Nicolas Niels Nikita Nikolai Norman Nuria Octavia Odette Olaf Oleg
Otto Paige Paolo Pascal Pat Patty Peggy Percy Perry Petra Philippe Pierre Piotr Polly Preston Rafael Raj Ramona
Randall Randy Raphael Raquel Raul Ravi Regina Reginald Rene Renee Ricardo Rick Ricky Rochelle Rodney Rodrigo Roland
Roman Ron Ronnie Rosalind Roxanne Rudolf Rupert Sabine Sabrina Sadie Said Salma Sally Salvador Sami Sandy Sanjay
Santiago Saskia Sebastian Selena Sergio Seth Shane Shannon Shaun Shawn Sherry Sigrid Silvia Simone Sonia Sonja Soren
Spencer Stacey Stacy Stan Stefan Stefania Steve Sue Sven Svetlana Tabitha Takashi Tammy Tariq Tatiana Ted Terence Thea
Theo Theodora Thiago Tiffany Tim Tobias Tomas Tommy Toni Tristan Trudy Ulrich Ursula Valentina Valeria Vicki Vicky
Viktor Vijay Viktoria Viola Vladimir Wilhelm Willie Winston Wolfgang Yannick Yosef Yvette Zainab Zara Zoltan
""")

AMBIGUOUS_GIVEN = _words("""
April Art Ashton Austin Bill Brooklyn Chad Charity Charlotte Chase Chelsea Christian Crystal Dakota Dale Dallas Dawn
Dean Drew Eve Faith Florence Gene Georgia Ginger Glen Grace Grant Guy Hope Hunter Iris Ivy Jack Jackson Jasmine Jordan
Joy June Kim Lee Lily Lincoln Madison Mark May Max Melody Mason Miles Olive Paris Penny Pearl Ray Reed Rich Robin Rob
Rose Ruby Sam Savannah Sky Summer Sydney Terry Troy Van Victor Victoria Violet Virginia Will
""")

SURNAMES = _words("""
Adams Ahmed Alexander Ali Allen Alvarez Anderson Andrews Armstrong Arnold Bailey Baker Barnes Bauer Becker Bell
Bennett Berg Bianchi Black Boyd Bradley Brooks Brown Bryant Burke Burns Butler Campbell Carlson Carpenter Carroll
Carter Castillo Castro Chan Chang Chapman Chavez Chen Cheng Choi Clark Cohen Cole Coleman Collins Cook Cooper Cox
Crawford Cruz Cunningham Daniels Davidson Davies Davis Diaz Dixon Duncan Dunn Edwards Elliott Ellis Evans Ferguson
Fernandez Ferrari Fischer Fisher Fleming Flores Ford Foster Fox Franklin Freeman Garcia Gardner Gibson Gomez Gonzales
Gonzalez Gordon Graham Grant Gray Green Greene Griffin Gupta Gutierrez Hall Hamilton Hansen Harper Harris Harrison
Hart Harvey Hayes Henderson Henry Hernandez Herrera Hicks Hill Hoffmann Holmes Howard Hudson Hughes Hunt Hunter
Hussain Ibrahim Ivanov Jackson Jacobs James Jenkins Jensen Jimenez Johansson Johnson Johnston Jones Jordan Kaur Keller
Kelley Kelly Kennedy Khan Kim King Knight Kowalski Kumar Lam Lane Larsen Larson Lawrence Lawson Lee Lewis Li Lin Liu
Lopez Lynch MacDonald Marshall Martin Martinez Mason Matthews McCarthy McCoy McDonald McKenzie Medina Mendoza Meyer
Miller Mills Mitchell Moore Morales Moreno Morgan Morris Morrison Muller Murphy Murray Myers Nakamura Nelson Newman
Nguyen Nichols Nielsen Novak Nowak OBrien Okafor Olsen Olson Ortega Ortiz Osborne Owens Palmer Park Parker Patel Payne
Perez Perkins Perry Peters Petersen Peterson Petrov Phillips Pierce Popov Porter Powell Price Quinn Ramirez Ramos Ray
Reed Reid Reyes Reynolds Rice Richards Richardson Riley Rivera Roberts Robertson Robinson Rodriguez Rogers Romero Rose
Ross Rossi Ruiz Russell Russo Ryan Salazar Sanchez Sanders Santos Sato Schmidt Schneider Schulz Scott Shah Shaw Silva
Simmons Simpson Singh Smith Snyder Soto Spencer Stephens Stevens Stewart Stone Sullivan Suzuki Tanaka Taylor Thomas
Thompson Torres Tran Tucker Turner Vargas Vasquez Wagner Walker Wallace Walsh Wang Ward Warren Washington Watkins
Watson Weaver Webb Weber Wells West Wheeler White Williams Williamson Wilson Wong Wood Woods Wright Wu Xu Yamamoto
Yang Yilmaz Young Zhang Zhao Zimmermann Aguilar Almeida Alonso Alves Andersen Andersson Araujo Aydin Bakker Banerjee
Barbosa Barbieri Bernard Bertrand Blanco Bonnet Borges Bos Bosch Braun Bruno Caruso Cavalcante Chatterjee Choudhury
Christensen Christiansen Colombo Conti Correia Costa Dahl Das Dekker Delgado Demir Dias Dimitrov Dominguez Dubois
Dupont Durand Eriksen Eriksson Esposito Fernandes Ferreira Fontana Fournier Francois Freitas Fuchs Gallo Garnier Gil
Giordano Girard Gomes Goncalves Greco Gustafsson Haas Hahn Halvorsen Hansson Hartmann Hoffman Horvat Horvath Huber
Iglesias Iversen Iyer Jain Jankowski Jansen Janssen Johannsen Jorgensen Joshi Jovanovic Kaiser Kamara Kaminski Kapoor
Karlsson Kaya Klein Koch Kovac Kovacs Kowalczyk Kraus Krause Kristensen Kruger Lambert Laurent Lefebvre Lehmann Leroy
Lewandowski Lindberg Lindqvist Lombardi Lorenz Lund Lundgren Machado Madsen Magnusson Maier Malik Mancini Marchetti
Marino Marques Martens Martinelli Martins Mazur Meijer Mehta Mendes Mercier Moller Moreau Moretti Morin Mukherjee
Mulder Munoz Nagy Nair Navarro Neumann Nikolic Nilsen Nilsson Nogueira Novotny Nunes Okonkwo Oliveira Olsson Pavlov
Pedersen Pereira Persson Peters Petit Pettersson Pinto Popescu Prieto Ramirez Rao Rasmussen Reddy Reis Ribeiro Ricci
Richter Rinaldi Rizzo Robert Rocha Rodrigues Romano Rousseau Rubio Santoro Schafer Schmitt Schmitz Schroder Schroeder
Schulte Schulze Schumacher Schuster Schwarz Serrano Sharma Simon Smit Soares Sokolov Solberg Sorensen Sousa Souza
Stein Svensson Szabo Teixeira Toth Tran Vasilev Vega Verma Vidal Vieira Visser Vogel Volkov Weiss Werner Wisniewski
Wojcik Wolf Yadav Ziegler Zielinski
""")

TITLES = _words("""
Mr Mrs Ms Miss Mx Dr Doctor Prof Professor Nurse Sister Sir Dame Rev Reverend Father Madam Herr Frau
""")

NOT_A_SURNAME = _words("""
Academy Airport Avenue Ave Bay Beach Bridge Building Center Centre Church City Clinic College Community Company Corp
County Court Creek Department Disease District Drive Falls Foundation Fund General Group Heights High Hospital House
Inc Index Institute International Island Lake Lane Laboratory Library Limited Ltd Medical Memorial Monday Tuesday
Wednesday Thursday Friday Saturday Sunday January February March April May June July August September October November
December North South East West Park Place Point Protocol Province Railway Region River Road Scale School Score Springs
Square State Station Street Studio Study Syndrome System Terrace Test Theatre Tower Town Trial Trust University Valley
Village Ward Way
""")
